-- What the desk keeps of a version of an offering beside its content, and what is planned with it.
ALTER TABLE offering ADD COLUMN revision BIGINT NOT NULL DEFAULT 1;
ALTER TABLE offering ADD COLUMN upstream_cost BIGINT;
ALTER TABLE offering ADD COLUMN publish_at BIGINT;
ALTER TABLE offering ADD COLUMN retire_at BIGINT;
ALTER TABLE offering ADD COLUMN planned_by BYTEA;
ALTER TABLE offering ADD COLUMN published_at BIGINT;
ALTER TABLE offering ADD COLUMN published_by BYTEA;
ALTER TABLE offering ADD COLUMN retired_at BIGINT;
ALTER TABLE offering ADD COLUMN retired_by BYTEA;
CREATE INDEX offering_planned ON offering (code, version) WHERE publish_at IS NOT NULL OR retire_at IS NOT NULL;
-- Whoever changes the catalog locks this row first: of an offering one version is for sale.
INSERT INTO setting (name, value) VALUES ('catalog', '1') ON CONFLICT (name) DO NOTHING;
