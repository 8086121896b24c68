-- From which device a mailbox or a browser was added, so that its owner knows it again.
ALTER TABLE contact_point ADD COLUMN device TEXT NOT NULL DEFAULT '';
