"""Where the service lives behind the hub's proxy."""

BASE = "/services/nightdesk"
API = f"{BASE}/api/v1"
