"""Surprise's SVD++ (PyPI) with its defaults on one fold: prints seconds of the fit and the squared error of the test rows."""
import json
import sys
import time

from surprise import Dataset, Reader, SVDpp

folder, train, test = sys.argv[1:]


def read(name):
    rows = []
    with open(f"{folder}/{name}") as lines:
        for line in lines:
            user, item, rating = line.split("\t")[:3]
            rows.append((user, item, float(rating), None))
    return rows


class Ratings(Dataset):
    """Rows that are in memory."""

    def __init__(self, rows):
        super().__init__(Reader(rating_scale=(1, 5)))
        self.raw_ratings = rows


rows = read(train)
trainset = Ratings(rows).construct_trainset(rows)
model = SVDpp(random_state=1)
began = time.perf_counter()
model.fit(trainset)
seconds = time.perf_counter() - began
squares = sum((model.predict(user, item).est - rating) ** 2 for user, item, rating, _ in read(test))
print(json.dumps({"seconds": seconds, "squares": squares}))
