"""What core needs from outside, as small Protocols named for the need; `core.adapters` names the tools."""
