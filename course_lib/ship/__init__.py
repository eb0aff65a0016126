"""Out of the door: ONNX for other runtimes, eight bits, sparse files, and a folder that runs without torch."""

from course_lib.ship.exporting import TOLERANCE, missing, to_int8, to_onnx, to_program
from course_lib.ship.folder import BATCHES, ship
from course_lib.ship.sparse import load_sparse, save_sparse

__all__ = ["BATCHES", "TOLERANCE", "load_sparse", "missing", "save_sparse", "ship", "to_int8", "to_onnx", "to_program"]
