"""The MCP server: agents of other programs read the library, ask for cycles and comment. Deciding is for people."""
