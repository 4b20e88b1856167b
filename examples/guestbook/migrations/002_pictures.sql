ALTER TABLE entries ADD COLUMN picture text;
