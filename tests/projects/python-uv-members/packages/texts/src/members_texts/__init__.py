from importlib.resources import files


def greeting() -> str:
    return files(__name__).joinpath("greeting.txt").read_text()
