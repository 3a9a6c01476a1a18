"""Found before the real package of this name, wherever both can be found."""
