"""Boosted trees of a peer (PyPI) on raw files: fits and prints seconds and the AUC on the test rows, or predicts again."""
import json
import pickle
import sys
import time

import numpy as np
from sklearn.metrics import roc_auc_score

folder, task, peer, columns, trees, seed = sys.argv[1:]


def read(name):
    x = np.fromfile(f"{folder}/{name}.f32", dtype=np.float32).reshape(-1, int(columns))
    return x, np.fromfile(f"{folder}/{name}.u8", dtype=np.uint8)


def model(count):
    if peer == "scikit-learn":
        from sklearn.ensemble import HistGradientBoostingClassifier

        return HistGradientBoostingClassifier(
            max_iter=count, max_leaf_nodes=31, learning_rate=0.1, max_bins=255, min_samples_leaf=20,
            l2_regularization=0, early_stopping=False, random_state=int(seed),
        )
    if peer == "lightgbm":
        import lightgbm

        # Rows or columns: what its documents advise to choose when one knows; columns were quicker here.
        return lightgbm.LGBMClassifier(
            n_estimators=count, num_leaves=31, learning_rate=0.1, max_bin=255, min_child_samples=20, reg_lambda=0,
            n_jobs=2, random_state=int(seed), verbose=-1, force_col_wise=True,
        )
    import xgboost

    return xgboost.XGBClassifier(
        n_estimators=count, max_leaves=31, max_depth=0, grow_policy="lossguide", tree_method="hist", learning_rate=0.1,
        max_bin=255, reg_lambda=0, n_jobs=2, random_state=int(seed),
    )


x, y = read("train")
test, label = read("test")
if task == "fit":
    model(2).fit(x[:1000], y[:1000])
    began = time.perf_counter()
    fitted = model(int(trees)).fit(x, y)
    seconds = time.perf_counter() - began
    with open(f"{folder}/{peer}.pickle", "wb") as file:
        pickle.dump(fitted, file)
    scores = fitted.predict_proba(test)[:, 1]
else:
    with open(f"{folder}/{peer}.pickle", "rb") as file:
        fitted = pickle.load(file)
    fitted.predict_proba(x[:1000])
    began = time.perf_counter()
    fitted.predict_proba(x)
    seconds = time.perf_counter() - began
    scores = fitted.predict_proba(test)[:, 1]
print(json.dumps({"seconds": seconds, "auc": roc_auc_score(label, scores)}))
