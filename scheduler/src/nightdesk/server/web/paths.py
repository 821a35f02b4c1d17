"""Where the service lives behind the hub's proxy."""

BASE = "/services/nightdesk"
API = f"{BASE}/api/v1"
PUSHES = f"{API}/pushes"  # whoever asks there is nobody, and shows it by a signature
