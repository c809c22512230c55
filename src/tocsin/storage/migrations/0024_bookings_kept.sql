-- For how many days after its end a booking is kept, with all that is known of it. Without a number: as long as its workspace.
ALTER TABLE workspaces ADD COLUMN bookings_kept_days INTEGER;

-- What goes with it.
CREATE INDEX IF NOT EXISTS source_bookings_by_booking ON source_bookings (workspace_id, booking_id);
