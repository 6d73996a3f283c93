"""Prints a table once, and ends."""

from tabulate import tabulate


def main() -> None:
    print(tabulate([["apples", 3], ["pears", 5]], headers=["fruit", "count"]))


if __name__ == "__main__":
    main()
