-- Staff members sign in with a login and a password of their own. A new one gets a link that sets the password once; only
-- its keyed hash is kept.
ALTER TABLE staff ADD COLUMN login TEXT;
ALTER TABLE staff ADD COLUMN password_hash TEXT;
ALTER TABLE staff ADD COLUMN active BIGINT NOT NULL DEFAULT 1;
ALTER TABLE staff ADD COLUMN link_hash BYTEA;
ALTER TABLE staff ADD COLUMN link_expires_at BIGINT;
CREATE UNIQUE INDEX staff_login ON staff (login) WHERE login IS NOT NULL;
CREATE UNIQUE INDEX staff_link ON staff (link_hash) WHERE link_hash IS NOT NULL;

-- What the desk's queue and the metric of the oldest unfulfilled payment read: only orders that are on their way.
CREATE INDEX orders_on_their_way ON orders (paid_at) WHERE state IN ('paid', 'delivered');
