"""implicit (PyPI) on a matrix of two raw files: prints the seconds of a loop of recommend(user) over users in turn."""
import json
import os
import sys
import time

os.environ["OPENBLAS_NUM_THREADS"] = "1"
import numpy as np
import scipy.sparse as sparse
from implicit.als import AlternatingLeastSquares

folder, rows, columns, requests = sys.argv[1], *map(int, sys.argv[2:])
start = np.fromfile(f"{folder}/start.i32", dtype=np.int32)
column = np.fromfile(f"{folder}/column.i32", dtype=np.int32)
matrix = sparse.csr_matrix((np.ones(len(column), dtype=np.float32), column, start), shape=(rows, columns))
model = AlternatingLeastSquares(factors=64, iterations=5, num_threads=2, use_gpu=False, random_state=1)
model.fit(matrix, show_progress=False)
began = time.perf_counter()
for request in range(requests):
    user = request * 7 % rows
    model.recommend(user, matrix[user], N=10, filter_already_liked_items=True)
print(json.dumps({"seconds": time.perf_counter() - began}))
