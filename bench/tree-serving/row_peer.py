"""HistGradientBoosting of scikit-learn behind an HTTP server of the standard library; prints its port, ends with its input."""
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

folder, columns = sys.argv[1:]
x = np.fromfile(f"{folder}/train.f32", dtype=np.float32).reshape(-1, int(columns))
y = np.fromfile(f"{folder}/train.u8", dtype=np.uint8)
model = HistGradientBoostingClassifier(max_iter=100, max_leaf_nodes=31, learning_rate=0.1, early_stopping=False).fit(x, y)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_POST(self):
        row = json.loads(self.rfile.read(int(self.headers["content-length"])))
        probability = model.predict_proba(np.array([list(row.values())], dtype=np.float32))[0, 1]
        body = json.dumps({"probability": float(probability)}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *parts):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(f"port {server.server_port}", flush=True)
sys.stdin.read()
