"""Makes pictures of videos."""

import subprocess


def version():
    return subprocess.check_output(["git", "rev-parse", "HEAD"])


if __name__ == "__main__":
    subprocess.run(["ffmpeg", "-i", "in.mp4", "out.png"], check=True)
