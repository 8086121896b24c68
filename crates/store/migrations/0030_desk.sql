-- What the desk looks for and looks at.
-- The last characters of numbers and cards.
CREATE INDEX directory_tail ON directory (substr(name, length(name) - 5)) WHERE kind IN ('msisdn', 'iccid');
CREATE INDEX customer_name ON customer (name) WHERE name <> ''; -- sqlite
CREATE INDEX customer_name ON customer (name COLLATE "C") WHERE name <> ''; -- postgres
CREATE INDEX device_check_eid ON device_check (eid) WHERE eid IS NOT NULL;
-- What a line's owner was told, newest first.
CREATE INDEX message_line ON message (customer_id, line_id, id);
