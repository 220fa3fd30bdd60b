"""Lists of ten for every user by implicit (PyPI) or EASE (NumPy, Steck 2019) from a binary matrix of two raw files."""
import os
import sys

os.environ["OPENBLAS_NUM_THREADS"] = "1"
import numpy as np
import scipy.sparse as sparse

folder, rows, columns, name = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
start = np.fromfile(f"{folder}/start.i32", dtype=np.int32)
column = np.fromfile(f"{folder}/column.i32", dtype=np.int32)
matrix = sparse.csr_matrix((np.ones(len(column), dtype=np.float32), column, start), shape=(rows, columns))
if name == "implicit":
    from implicit.als import AlternatingLeastSquares

    factors, regularization, alpha = int(sys.argv[5]), float(sys.argv[6]), float(sys.argv[7])
    model = AlternatingLeastSquares(
        factors=factors, regularization=regularization, alpha=alpha, iterations=15, use_gpu=False, random_state=1
    )
    model.fit(matrix, show_progress=False)
    lists, _ = model.recommend(np.arange(rows), matrix, N=10, filter_already_liked_items=True)
else:
    gram = (matrix.T @ matrix).toarray().astype(np.float64)
    gram[np.diag_indices(columns)] += float(sys.argv[5])
    inverse = np.linalg.inv(gram)
    weights = inverse / -np.diag(inverse)
    weights[np.diag_indices(columns)] = 0
    scores = matrix @ weights.astype(np.float32)
    scores[matrix.nonzero()] = -np.inf
    lists = np.argsort(-scores, axis=1, kind="stable")[:, :10]
np.ascontiguousarray(lists, dtype=np.int32).tofile(f"{folder}/lists.i32")
