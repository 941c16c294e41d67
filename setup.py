"""Everything is in setup.cfg, but for the one mapping that it cannot express."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["tfinpaint", "tfinpaint.*"]), "tfinpaint._zoo"],
    package_dir={"tfinpaint._zoo": "zoo"},  # cards and weights travel inside the wheel
    package_data={
        "tfinpaint": ["py.typed", "_third_party/*", "_third_party/*/*"],
        # What is read at run time; histories of trainings and sheets stay in the checkout.
        "tfinpaint._zoo": [
            "*/README.md",
            "*/config.json",
            "*/results.json",
            "*/auto.json",
            "*/*.h5",
            "*/*.npz",
            "*/*.tflite",
        ],
        "tfinpaint.evaluation.benchmark": ["*.json", "*/faces.*"],
        "tfinpaint.evaluation.report": ["*.css"],
        "tfinpaint.page": ["static/*"],
    },
)
