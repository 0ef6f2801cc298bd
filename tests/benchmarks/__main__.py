"""Run every benchmark and compare with its target; exit code 1 if one is missed."""

from __future__ import annotations

import sys

from tests.benchmarks import anomaly, clustering, denoising, gradcam, grading, imports

if __name__ == "__main__":
    missed = 0
    for module in (imports, clustering, denoising, anomaly, gradcam, grading):
        for measured in module.measure():
            missed += not measured.reached
            print(measured, flush=True)
    sys.exit(missed > 0)
