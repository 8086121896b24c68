-- A customer whose data may no longer be used, only kept: since when.
ALTER TABLE customer ADD COLUMN restricted_at BIGINT;
