"""Trains implicit (PyPI) on a matrix of three raw files; prints seconds of iterations 2 to n and writes the factors."""
import json
import os
import sys

os.environ["OPENBLAS_NUM_THREADS"] = "1"
import numpy as np
import scipy.sparse as sparse
from implicit.als import AlternatingLeastSquares

folder, rows, columns, factors, alpha, regularization, iterations, threads, use_cg = sys.argv[1:]
start = np.fromfile(f"{folder}/start.i32", dtype=np.int32)
column = np.fromfile(f"{folder}/column.i32", dtype=np.int32)
value = np.fromfile(f"{folder}/value.f32", dtype=np.float32)
matrix = sparse.csr_matrix((value, column, start), shape=(int(rows), int(columns)))
model = AlternatingLeastSquares(
    factors=int(factors),
    alpha=float(alpha),
    regularization=float(regularization),
    iterations=int(iterations),
    num_threads=int(threads),
    use_cg=use_cg == "cg",
    use_gpu=False,
    random_state=1,
)
seconds = []
model.fit(matrix, show_progress=False, callback=lambda iteration, elapsed, *rest: seconds.append(elapsed))
model.user_factors.astype(np.float32).tofile(f"{folder}/users.f32")
model.item_factors.astype(np.float32).tofile(f"{folder}/items.f32")
print(json.dumps({"seconds": sum(seconds[1:])}))
