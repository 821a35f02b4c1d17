"""The address of a platform, taken apart by hand: importing urllib.parse costs more than the whole parsing."""

from __future__ import annotations

from nightdesk.client.errors import WrongUsage

SERVICE_PATH = "/services/nightdesk"
_PORTS = {"http": 80, "https": 443}
_UNRESERVED = frozenset(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
)  # RFC 3986, 2.3


def quote(text: str) -> str:
    """`text` as one segment of a path or one value of a query; a slash in it is escaped too."""
    return "".join(chr(byte) if byte in _UNRESERVED else f"%{byte:02X}" for byte in text.encode())


class Address:
    """`http(s)://host[:port][/prefix]/services/nightdesk`, in parts."""

    __slots__ = ("host", "path", "port", "scheme", "socket")

    def __init__(self, scheme: str, host: str, port: int, path: str, socket: str | None = None) -> None:
        self.scheme = scheme
        self.host = host
        self.port = port
        self.path = path  # without a slash at its end
        self.socket = socket  # the file of a socket that leads there, where no network does

    @classmethod
    def by_socket(cls, path: str) -> Address:
        """The platform as code in a run reaches it."""
        return cls("http", "nightdesk", 80, SERVICE_PATH, path)

    @classmethod
    def parse(cls, url: str) -> Address:
        """The parts of `url`. Raises WrongUsage where it is no address that a platform can have."""
        scheme, separator, rest = url.strip().partition("://")
        scheme = scheme.lower()
        if not separator or scheme not in _PORTS:
            raise _wrong(url, "it has to begin with http:// or https://")
        rest = rest.partition("#")[0].partition("?")[0]
        authority, _, path = rest.partition("/")
        if "@" in authority:
            raise _wrong(url, "it must not carry a name or a password")
        host, port = _host_and_port(url, authority, _PORTS[scheme])
        if any(ord(character) <= 32 or ord(character) == 127 for character in host + path):
            raise _wrong(url, "it contains a space or a control character")
        path = "/" + path.rstrip("/") if path.rstrip("/") else ""
        if not path.isascii():
            path = "/".join(quote(part) for part in path.split("/"))
        return cls(scheme, host, port, path)

    @classmethod
    def complete(cls, url: str) -> Address:
        """As `parse`, for what people paste: the address of the hub or of any of its pages will do."""
        address = cls.parse(url)
        for mark in (SERVICE_PATH, "/hub", "/user"):
            before, found, _ = (address.path + "/").partition(mark + "/")
            if found:
                address.path = before
                break
        address.path += SERVICE_PATH
        return address

    @property
    def host_header(self) -> str:
        """What the Host header says: the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        if not host.isascii():
            host = host.encode("idna").decode()
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.host_header}"

    @property
    def hub_path(self) -> str:
        """Where the hub stands on the same origin."""
        return self.path.removesuffix(SERVICE_PATH) + "/hub"

    @property
    def is_loopback(self) -> bool:
        return self.host == "localhost" or self.host == "::1" or self.host.startswith("127.")

    def __str__(self) -> str:
        return self.origin + self.path if self.socket is None else f"unix:{self.socket}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Address) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


def _host_and_port(url: str, authority: str, default: int) -> tuple[str, int]:
    if authority.startswith("["):  # an IPv6 address
        host, _, rest = authority[1:].partition("]")
        port_text = rest.removeprefix(":")
    else:
        host, _, port_text = authority.partition(":")
    if not host:
        raise _wrong(url, "it names no machine")
    if not port_text:
        return host.lower(), default
    if not (port_text.isascii() and port_text.isdigit() and 0 < int(port_text) < 65536):
        raise _wrong(url, f"{port_text!r} is no port")
    return host.lower(), int(port_text)


def _wrong(url: str, why: str) -> WrongUsage:
    return WrongUsage(
        f"{url!r} is not the address of a platform: {why}",
        "An address looks like http://127.0.0.1:8000/services/nightdesk or https://notebooks.example.org.",
    )
