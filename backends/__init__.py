"""Mail servers behind the operations; each one is a plugin like a vendor's."""
