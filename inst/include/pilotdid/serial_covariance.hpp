// Autocovariances of scores within units (Newey and West 1987).
#ifndef PILOTDID_SERIAL_COVARIANCE_HPP
#define PILOTDID_SERIAL_COVARIANCE_HPP

#include <Eigen/Dense>
#include <vector>

#include "parallel.hpp"

namespace pilotdid {

// sum over units and lags 1 .. lag of (1 - l/(lag + 1)) (s_t s_{t-l}' + its transpose), k x k.
// scores: n x k, unit after unit in ascending time; start: units + 1; time: n whole numbers, so
// that a missing period lengthens the lag between its neighbors.
inline Eigen::MatrixXd serial_covariance(const Eigen::MatrixXd& scores,
                                         const std::vector<int>& start,
                                         const std::vector<int>& time, int lag,
                                         const Execution& exec) {
  const Eigen::Index k = scores.cols();
  const std::size_t units = start.size() - 1, each = 1024, chunks = (units + each - 1) / each;
  std::vector<Eigen::MatrixXd> partial(chunks, Eigen::MatrixXd::Zero(k, k));
  parallel_for(chunks, exec, [&](std::size_t c) {
    Eigen::RowVectorXd later(k);
    for (std::size_t u = c * each; u < std::min(units, (c + 1) * each); ++u)
      for (int i = start[u]; i < start[u + 1]; ++i) {
        later.setZero();
        for (int j = i + 1; j < start[u + 1] && time[j] - time[i] <= lag; ++j)
          if (time[j] > time[i])
            later += (1 - static_cast<double>(time[j] - time[i]) / (lag + 1.0)) * scores.row(j);
        partial[c].noalias() += scores.row(i).transpose() * later;
      }
  });
  Eigen::MatrixXd total = Eigen::MatrixXd::Zero(k, k);
  for (const Eigen::MatrixXd& part : partial) total += part;
  return total + total.transpose();
}

}  // namespace pilotdid

#endif
