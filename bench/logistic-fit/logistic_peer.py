"""Logistic regression of scikit-learn (PyPI) on raw files, columns scaled first; prints seconds, weights and intercept."""
import json
import sys
import time

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

folder, columns, tolerance = sys.argv[1:]
x = np.fromfile(f"{folder}/train.f32", dtype=np.float32).reshape(-1, int(columns))
y = np.fromfile(f"{folder}/train.u8", dtype=np.uint8)


def model():
    return make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=100, tol=float(tolerance)))


model().fit(x[:1000], y[:1000])
began = time.perf_counter()
fitted = model().fit(x, y)
seconds = time.perf_counter() - began
linear = fitted[-1]
print(json.dumps({
    "seconds": seconds,
    "coefficients": [float(w) for w in linear.coef_[0]],
    "intercept": float(linear.intercept_[0]),
    "iterations": int(linear.n_iter_[0]),
}))
