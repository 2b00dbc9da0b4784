// An ONNX file run by OpenCV's DNN module, which shares no code with ours.
#pragma once

#include <onnx/onnx_pb.h>

#include <opencv2/dnn.hpp>
#include <string>
#include <vector>

#include "vpr/model/embedding_extractor.h"

namespace vpr::test {

class OpenCvNetwork : public Network {
 public:
  explicit OpenCvNetwork(const std::string& onnx) { file_.ParseFromString(onnx); }

  std::vector<float> Forward(const Matrix& features) override {
    // OpenCV 4.6 crashes on free dimensions: batch and frames are written into the file first.
    onnx::ModelProto fixed = file_;
    onnx::GraphProto& graph = *fixed.mutable_graph();
    auto shape = [](onnx::ValueInfoProto& value) {
      return value.mutable_type()->mutable_tensor_type()->mutable_shape();
    };
    shape(*graph.mutable_input(0))->mutable_dim(0)->set_dim_value(1);
    shape(*graph.mutable_input(0))
        ->mutable_dim(1)
        ->set_dim_value(static_cast<std::int64_t>(features.cols));
    shape(*graph.mutable_output(0))->mutable_dim(0)->set_dim_value(1);
    const std::string content = fixed.SerializeAsString();
    cv::dnn::Net net = cv::dnn::readNetFromONNX(content.data(), content.size());
    const int sizes[] = {1, static_cast<int>(features.cols), static_cast<int>(features.rows)};
    cv::Mat input(3, sizes, CV_32F);
    for (std::size_t t = 0; t < features.cols; ++t)
      for (std::size_t m = 0; m < features.rows; ++m)
        input.ptr<float>()[t * features.rows + m] = features(m, t);
    net.setInput(input);
    const cv::Mat output = net.forward();
    return {output.ptr<float>(), output.ptr<float>() + output.total()};
  }

 private:
  onnx::ModelProto file_;
};

}  // namespace vpr::test
