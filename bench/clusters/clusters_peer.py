"""k-means of scikit-learn (PyPI) on raw files from a given start; prints seconds and the inertia."""
import json
import sys
import time

import numpy as np
from sklearn.cluster import KMeans, MiniBatchKMeans

folder, algorithm, columns, k, iterations, batch = sys.argv[1:]
x = np.fromfile(f"{folder}/train.f32", dtype=np.float32).reshape(-1, int(columns))
start = np.fromfile(f"{folder}/start.f32", dtype=np.float32).reshape(int(k), int(columns))


def model(rows, count):
    if algorithm == "mini-batch":
        # As many mini-batches as are asked for, none saved by looking at the inertia.
        passes = max(1, -(-count * int(batch) // rows))
        return MiniBatchKMeans(
            n_clusters=int(k), init=start, n_init=1, batch_size=int(batch), max_iter=passes, tol=0,
            max_no_improvement=None, reassignment_ratio=0, random_state=1,
        )
    return KMeans(n_clusters=int(k), init=start, n_init=1, max_iter=count, tol=0, algorithm=algorithm)


model(1000, 2).fit(x[:1000])
began = time.perf_counter()
fitted = model(len(x), int(iterations)).fit(x)
seconds = time.perf_counter() - began
print(json.dumps({"seconds": seconds, "inertia": float(fitted.inertia_), "iterations": int(fitted.n_iter_)}))
