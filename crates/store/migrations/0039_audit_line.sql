-- The line of an order or case that an entry is about, as its details say: it stands in the line's timeline.
ALTER TABLE audit ADD COLUMN line_id BYTEA;
CREATE INDEX audit_line ON audit (line_id, seq) WHERE line_id IS NOT NULL;
