"""What pyproject.toml cannot say: all packages are found, and assets/ is installed as tpexplore/assets."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["tpexplore", "tpexplore.*"]), "tpexplore.assets"],
    package_dir={"tpexplore.assets": "assets"},
)
