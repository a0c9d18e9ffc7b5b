# Nothing but a setting.
io = "events"
