-- Who commanded a change of a line's state, and why. Absent where time or money did it, and for owners themselves.
ALTER TABLE line_event ADD COLUMN commanded_by TEXT;
ALTER TABLE line_event ADD COLUMN reason TEXT;
