"""The license of each installed package, one a line: ``python -m tests.support.licenses``."""
# ruff: noqa: T201

from importlib import metadata

PREFIX = "License :: "
LONGEST = 80  # some packages give the whole text in place of a name


def license_of(package: metadata.Distribution) -> str:
    """Name a package's license: its expression, else its classifiers, else its own words."""
    facts = package.metadata
    if expression := facts.get("License-Expression"):
        return expression
    classifiers = [text for text in facts.get_all("Classifier") or [] if text.startswith(PREFIX)]
    names = [text.rpartition(" :: ")[2] for text in classifiers]
    words = (facts.get("License") or "").strip().partition("\n")[0][:LONGEST]
    return "; ".join(names) or words or "not named: see its files"


def main() -> None:
    """Print a table of all packages of this environment."""
    packages = {each.metadata["Name"].lower(): each for each in metadata.distributions()}
    for name, package in sorted(packages.items()):
        print(f"{name:32} {package.version:16} {license_of(package)}")


if __name__ == "__main__":
    main()
