"""Scores of a Millrace model from its own files, with numpy alone: model.json and tensors.safetensors of a linear model."""
import json
import sys

import numpy as np


def read_artifact(folder):
    with open(f"{folder}/model.json", encoding="utf-8") as file:
        manifest = json.load(file)
    with open(f"{folder}/tensors.safetensors", "rb") as file:
        data = file.read()
    length = int.from_bytes(data[:8], "little")
    types = {"F64": "<f8", "F32": "<f4", "I32": "<i4", "U8": "u1"}
    tensors = {}
    for name, entry in json.loads(data[8 : 8 + length]).items():
        begin, end = (8 + length + at for at in entry["data_offsets"])
        tensors[name] = np.frombuffer(data[begin:end], types[entry["dtype"]]).reshape(entry["shape"])
    return manifest, tensors


def scores(manifest, tensors, rows):
    facts = manifest["facts"]
    x = np.array([[row.get(name) for name in facts["features"]] for row in rows], dtype=float)
    deviation = np.where(tensors["deviation"] > 0, tensors["deviation"], np.inf)
    z = np.clip(np.where(np.isfinite(x), (x - tensors["mean"]) / deviation, 0), -1e9, 1e9)
    score = facts["intercept"] + z @ tensors["coefficients"]
    for category in facts["categories"]:
        weight = dict(zip(category["levels"], tensors[f"level/{category['name']}"]))
        score += [weight.get(row.get(category["name"]), 0) for row in rows]
    return 1 / (1 + np.exp(-score)) if manifest["task"] == "classifier" else score


if __name__ == "__main__":
    print(json.dumps(scores(*read_artifact(sys.argv[1]), json.load(sys.stdin)).tolist()))
