"""The `curate` command. Each verb imports what it needs when it is called: help is quick."""
