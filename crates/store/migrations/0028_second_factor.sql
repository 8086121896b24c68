-- A second factor of every member of the staff: the secret of a code generator, sealed, with the last step it was used for;
-- passkeys; recovery codes, of which keyed hashes are kept until they are used.
ALTER TABLE staff ADD COLUMN totp BYTEA;
ALTER TABLE staff ADD COLUMN totp_step BIGINT;

-- class: own
CREATE TABLE staff_passkey (
  staff_id BYTEA NOT NULL,
  id BYTEA NOT NULL,
  credential_id BYTEA NOT NULL,
  key TEXT NOT NULL,
  name TEXT NOT NULL,
  added_at BIGINT NOT NULL,
  used_at BIGINT,
  PRIMARY KEY (staff_id, id)
)
WITHOUT ROWID -- sqlite
;

-- class: own
CREATE TABLE staff_recovery_code (
  staff_id BYTEA NOT NULL,
  code_hash BYTEA NOT NULL,
  PRIMARY KEY (staff_id, code_hash)
)
WITHOUT ROWID -- sqlite
;

-- What happened to how a member signs in: when, how, on which device, from which network, and whether it was refused.
-- class: own
CREATE TABLE staff_event (
  id BYTEA NOT NULL PRIMARY KEY,
  staff_id BYTEA NOT NULL,
  kind TEXT NOT NULL,
  device TEXT NOT NULL,
  network TEXT NOT NULL,
  at BIGINT NOT NULL
)
WITHOUT ROWID -- sqlite
;
CREATE INDEX staff_event_staff ON staff_event (staff_id, id);
CREATE INDEX staff_event_at ON staff_event (at);

-- Nobody is signed in at the desk any more who gave no second factor.
DELETE FROM login_session WHERE principal = 'staff';
