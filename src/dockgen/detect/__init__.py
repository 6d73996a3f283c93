"""Detect: what an existing repository is, and where each answer was read.

Pure: files in, answers out. Neither the project's code nor a package manager nor a compiler runs,
and nothing of the machine takes part, so the same repository gives the same answers everywhere.

| module | what it is |
|---|---|
| `model` | topics, signals, answers, conflicts; how a signal's strength is chosen |
| `repository` | the files that git would track, read in bounds |
| `syntax` | Go, TypeScript, JavaScript and Python as trees |
| `commands` | the commands that someone wrote down: Dockerfiles, compose, Procfile, Makefile, CI |
| `python`, `golang`, `node` | signals of one language: `claims` and `look`, see `model.Language` |
| `evidence` | signals that all languages share: ports, volumes, services beside, settings |
| `survey` | which services a repository has, and all that is known of the one that is meant |
| `resolve` | signals and what the user said → an answer, a guess or a conflict for each topic |
"""
