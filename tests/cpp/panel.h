// A small random panel and its regression on explicit dummies: slow and obvious.
#ifndef PANEL_H
#define PANEL_H

#include <Eigen/Dense>
#include <pilotdid/least_squares.hpp>
#include <pilotdid/panel_index.hpp>
#include <pilotdid/random.hpp>
#include <vector>

struct Panel {
  int units, periods;
  std::vector<int> unit, time, rows, start;
  std::vector<double> y, x1, x2, weight;
  bool identity = true;

  Panel(int units, int periods, double share, std::uint64_t seed) : units(units), periods(periods) {
    pilotdid::Random random(seed, 0);
    for (int i = 0; i < units; ++i)
      for (int t = 0; t < periods; ++t) {
        if (random.uniform() > share) continue;
        unit.push_back(i);
        time.push_back(t);
        x1.push_back(random.normal() + 0.1 * i);
        x2.push_back(random.normal() + t);
        y.push_back(x1.back() - 0.5 * x2.back() + 0.3 * i - t + random.normal());
        weight.push_back(0.5 + random.uniform());
      }
    const auto index =
        pilotdid::index_panel(nullptr, unit.size(), unit.data(), units, time.data(), periods, pilotdid::Execution());
    rows = index.rows;
    start = index.start;
    identity = index.identity;
  }

  pilotdid::Absorption two_way(bool weighted) const {
    pilotdid::Absorption a;
    a.rows = pilotdid::Rows(identity ? nullptr : rows.data(), unit.size());
    a.start = start.data();
    a.groups = units;
    pilotdid::Effect effect;
    effect.code = time.data();
    effect.levels = periods;
    a.effects.push_back(effect);
    if (weighted) a.weights = pilotdid::Column(weight.data());
    return a;
  }

  pilotdid::Columns columns() const {
    return {pilotdid::Column(y.data()), pilotdid::Column(x1.data()), pilotdid::Column(x2.data())};
  }

  // Coefficients of x1 and x2 with a dummy for every unit and period.
  Eigen::VectorXd dummies(bool weighted) const {
    const int n = static_cast<int>(y.size());
    Eigen::MatrixXd d = Eigen::MatrixXd::Zero(n, 2 + units + periods);
    Eigen::VectorXd z(n);
    for (int i = 0; i < n; ++i) {
      const double root = weighted ? std::sqrt(weight[i]) : 1;
      d(i, 0) = root * x1[i];
      d(i, 1) = root * x2[i];
      d(i, 2 + unit[i]) = root;
      d(i, 2 + units + time[i]) = root;
      z[i] = root * y[i];
    }
    return d.completeOrthogonalDecomposition().solve(z).head(2);
  }
};

#endif
