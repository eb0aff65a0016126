"""What is on the images? python run.py IMAGES.npy: uint8, (n, channels, height, width). Needs onnxruntime and numpy."""

import json
import sys
from pathlib import Path

import numpy
import onnxruntime

here = Path(__file__).parent
card = json.loads((here / "card.json").read_text(encoding="utf-8"))
images = numpy.load(sys.argv[1])
if images.dtype != numpy.uint8 or list(images.shape[1:]) != card["shape"]:
    sys.exit(f"{sys.argv[1]} holds {images.dtype} {images.shape}; expected are uint8 (n, {str(card['shape'])[1:-1]}).")
mean, std = (numpy.float32(card[name]).reshape(-1, 1, 1) for name in ("mean", "std"))
session = onnxruntime.InferenceSession(str(here / "model.onnx"), providers=["CPUExecutionProvider"])
(logits,) = session.run(None, {"images": (images / numpy.float32(255) - mean) / std})
for number, best in enumerate(logits.argmax(1)):
    print(number, card["classes"][best])
