package cobra

// Command is one.
type Command struct{ Use string; Run func() }
