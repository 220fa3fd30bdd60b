"""Boosted trees of a peer (PyPI) on two raw files; prints seconds of the fit and the AUC on the test rows."""
import json
import os
import sys
import time

threads = "2"
os.environ["OMP_NUM_THREADS"] = threads
import numpy as np
from sklearn.metrics import roc_auc_score

peer, folder, columns, trees, seed = sys.argv[1:]


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
    if peer.startswith("lightgbm"):
        import lightgbm

        chosen = {"lightgbm-rows": {"force_row_wise": True}, "lightgbm-columns": {"force_col_wise": True}}.get(peer, {})
        return lightgbm.LGBMClassifier(
            n_estimators=count, num_leaves=31, learning_rate=0.1, max_bin=255, min_child_samples=20, reg_lambda=0,
            n_jobs=int(threads), random_state=int(seed), verbose=-1, **chosen,
        )
    import xgboost

    return xgboost.XGBClassifier(
        n_estimators=count, max_leaves=31, max_depth=0, grow_policy="lossguide", tree_method="hist", learning_rate=0.1,
        max_bin=255, reg_lambda=0, n_jobs=int(threads), random_state=int(seed),
    )


x, y = read("train")
model(2).fit(x[:1000], y[:1000])
began = time.perf_counter()
fitted = model(int(trees)).fit(x, y)
seconds = time.perf_counter() - began
test, label = read("test")
print(json.dumps({"seconds": seconds, "auc": roc_auc_score(label, fitted.predict_proba(test)[:, 1])}))
