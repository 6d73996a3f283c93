"""What an update does to a file, from its states alone."""

from dockgen.git.tree import EXECUTABLE, SYMLINK, File
from dockgen.threeway import merge
from dockgen.threeway.merge import States, Status

ANSWERS = ".copier-answers.yml"
CONFLICT = "<<<<<<< before updating\nb\n=======\nc\n>>>>>>> after updating\n"
OLD = "one\ntwo\nthree\nfour\nfive\nsix\nseven\n"


def file(text: str, mode: str = "100644") -> File:
    """Return a file with a text."""
    return File(text.encode(), mode)


def change(
    base: File | None, ours: File | None, new: File | None, merged: File | None = None
) -> merge.Change:
    """Return what happens to one file, if copier made ``merged`` of it."""
    old, mine, theirs, result = (
        {"f": one} if one else {} for one in (base, ours, new, merged or new)
    )
    (found,) = merge.changes(States(old, mine, theirs, result), ANSWERS)
    return found


def test_each_state_has_one_outcome() -> None:
    """The table of docs/update.md."""
    for base, ours, new, status, after in [
        ("a", "a", "a", Status.UNCHANGED, "a"),
        ("a", "b", "a", Status.UNCHANGED, "b"),
        ("a", "b", "b", Status.UNCHANGED, "b"),
        (None, "b", None, Status.UNCHANGED, "b"),
        ("a", "a", "c", Status.CLEAN, "c"),
        (None, None, "c", Status.CLEAN, "c"),
        ("a", "a", None, Status.DELETED, None),
        ("a", "b", None, Status.YOURS, "b"),
        ("a", None, "c", Status.YOURS, None),
        ("a", None, "a", Status.UNCHANGED, None),
        ("a\n", "b\n", "c\n", Status.CONFLICT, CONFLICT),
    ]:
        states = (None if text is None else file(text) for text in (base, ours, new))
        found = change(*states)
        assert found.status is status
        assert found.after == (None if after is None else file(after))


def test_what_copier_merged_well_is_taken() -> None:
    """Its result has the line of ours."""
    merged = file(OLD.replace("one", "ours").replace("seven", "new"))
    found = change(
        file(OLD), file(OLD.replace("one", "ours")), file(OLD.replace("seven", "new")), merged
    )
    assert (found.status, found.after) == (Status.MERGED, merged)


def test_what_copier_lost_is_merged_again() -> None:
    """Its result lacks the line of ours."""
    new = file(OLD.replace("seven", "new"))
    found = change(file(OLD), file(OLD.replace("one", "ours")), new, new)
    assert found.status is Status.MERGED
    assert found.after == file(OLD.replace("one", "ours").replace("seven", "new"))


def test_a_mode_of_ours_stays() -> None:
    """The template changed the content only."""
    found = change(file(OLD), file(OLD + "ours\n", EXECUTABLE), file("new\n" + OLD), file(""))
    assert found.after == file("new\n" + OLD + "ours\n", EXECUTABLE)


def test_a_link_stays() -> None:
    """There is nothing to merge it with."""
    link = file("/elsewhere", SYMLINK)
    found = change(file("a"), link, file("b"))
    assert (found.status, found.after, found.offered) == (Status.YOURS, link, file("b"))


def test_unmanaged_files_are_ours() -> None:
    """They stay, whatever the template does."""
    states = States({"f": file("a")}, {"f": file("a")}, {})
    (found,) = merge.changes(states, ANSWERS, unmanaged=["f"])
    assert (found.status, found.after) == (Status.UNCHANGED, file("a"))
