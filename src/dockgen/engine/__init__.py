"""The container engine: build, save, run, wait, stop.

The only caller of `docker`. Everything that a call makes is removed when its `with` block ends,
even after Ctrl-C.
"""

from dockgen.engine.command import (
    EngineVersion,
    require,
    require_builder,
    with_builder,
)
from dockgen.engine.compose import (
    Composed,
    composed,
    composed_projects,
    prepare,
    read_model,
    remove_composed,
)
from dockgen.engine.container import (
    Container,
    HealthTiming,
    Response,
    RunOptions,
    Stopped,
    run,
)
from dockgen.engine.images import (
    BUILD_SECONDS,
    BuildError,
    BuildOptions,
    base_layers,
    build,
    build_check,
    save,
    sent,
    temporary_image,
)
from dockgen.engine.reach import HERE, UnreachedError, place
from dockgen.engine.states import Health, Probe, State

__all__ = [
    "BUILD_SECONDS",
    "HERE",
    "BuildError",
    "BuildOptions",
    "Composed",
    "Container",
    "EngineVersion",
    "Health",
    "HealthTiming",
    "Probe",
    "Response",
    "RunOptions",
    "State",
    "Stopped",
    "UnreachedError",
    "base_layers",
    "build",
    "build_check",
    "composed",
    "composed_projects",
    "place",
    "prepare",
    "read_model",
    "remove_composed",
    "require",
    "require_builder",
    "run",
    "save",
    "sent",
    "temporary_image",
    "with_builder",
]
