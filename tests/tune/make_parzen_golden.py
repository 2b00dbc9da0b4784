"""Prints the numbers in tpe_test.cc: Optuna's Parzen estimator of one parameter in [-1, 3].

Made with Optuna 5.0.0 (pip install optuna): python3 tests/tune/make_parzen_golden.py
"""
import numpy as np
from optuna.distributions import FloatDistribution
from optuna.samplers._tpe.parzen_estimator import _ParzenEstimator, _ParzenEstimatorParameters
from optuna.samplers._tpe.sampler import default_weights

PARAMETERS = _ParzenEstimatorParameters(
    prior_weight=1.0, consider_magic_clip=True, consider_endpoints=False, weights=default_weights,
    multivariate=False)
AT = np.array([-0.9, 0.2, 1.0, 2.95])

for observations in ([], [0.5], [0.5, -1.0, 2.9, 0.52], [((7 * i) % 31) / 10 - 0.5 for i in range(30)]):
    estimator = _ParzenEstimator({"x": np.array(observations)}, {"x": FloatDistribution(-1.0, 3.0)}, PARAMETERS)
    mixture = estimator._mixture_distribution
    widths = mixture.distributions[0].sigma
    print(len(observations), "weights", mixture.weights[:6].tolist(), "widths", widths[:6].tolist(),
          "log densities", estimator.log_pdf({"x": AT}).tolist())
