"""The conformance kit: cases that say whether an add-on, in any language, does what the commands promise.

`mailaddon conformance` runs them on programs. What is below is for those who run them otherwise:

    from mailaddon.conformance import Target, all_cases, run_case

    for case in all_cases():
        result = run_case(case, my_target, seed=1)
        print(result.case.name, result.outcome, result.reason)

A `Target` has a method `run` that answers a command with an `Answer`; `InProcess` is one for a backend in this process.
"""

from .answer import Answer
from .case import CAPABILITIES, GROUP_OF, GROUPS, MANDATORY, VERSION, Case
from .cases import all_cases
from .kit import Broken, Kit, Lacking
from .running import FAILED, PASSED, SKIPPED, Result, run_case, run_cases
from .targets import AddonPrograms, BackendPrograms, InProcess, Programs, Target

__all__ = [
    "CAPABILITIES",
    "FAILED",
    "GROUPS",
    "GROUP_OF",
    "MANDATORY",
    "PASSED",
    "SKIPPED",
    "VERSION",
    "AddonPrograms",
    "Answer",
    "BackendPrograms",
    "Broken",
    "Case",
    "InProcess",
    "Kit",
    "Lacking",
    "Programs",
    "Result",
    "Target",
    "all_cases",
    "run_case",
    "run_cases",
]
