"""Every word that is said to a model lives here: meta-prompts as files, and the frame around production text."""
