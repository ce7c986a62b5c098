"""What the garbage collector does in this process, as the variable COLLECTOR says."""

import gc
import os


def apply_collector():
    """Call it when all is imported."""
    match os.environ["COLLECTOR"]:
        case "freeze":  # what is there now is never looked at again
            gc.collect()
            gc.freeze()
        case "threshold":  # 70 times as many new objects before it looks
            gc.set_threshold(50_000, *gc.get_threshold()[1:])
        case "off":
            gc.disable()
