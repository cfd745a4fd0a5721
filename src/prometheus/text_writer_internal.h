#pragma once

#include "prometheus/text_writer.h"

namespace vigia::prometheus {

// Both text formats.
class TextWriter final : public ExpositionWriter {
 public:
  TextWriter(const ExpositionFormat& format, Appender& out)
      : out_(out), is_open_metrics_(format.kind == ExpositionFormat::Kind::open_metrics), escaping_(format.escaping) {}

  void begin_family(const ExposedFamily& family) override;
  void point(const ExposedPoint& point) override;
  void end_family() override {}
  void end() override;

 private:
  struct Extra {
    std::string_view name;
    std::string_view value;
  };
  void head(std::string_view keyword, std::string_view rest);
  void sample(std::string_view suffix, const ExposedPoint& point, double value, const Extra& extra = {},
              const ExposedExemplar* exemplar = nullptr);
  void buckets(const ExposedPoint& point);
  void labels(std::string_view suffix, LabelSpan labels, const Extra& extra);
  void label(std::string_view name, std::string_view value, char& separator);
  void exemplar(const ExposedExemplar& exemplar);
  void number(double value);
  void seconds(int64_t ms);
  void escaped(std::string_view text, bool escapes_quotes);
  void quoted(std::string_view text);

  Appender& out_;
  const bool is_open_metrics_;
  const Escaping escaping_;
  std::string name_;  // Of the family, escaped.
  bool is_name_plain_ = true;
  FamilyType type_ = FamilyType::unknown;
  std::string text_;
  std::string bound_;
};

class ProtobufWriter final : public ExpositionWriter {
 public:
  ProtobufWriter(const ExpositionFormat& format, Appender& out) : out_(out), escaping_(format.escaping) {}

  void begin_family(const ExposedFamily& family) override;
  void point(const ExposedPoint& point) override;
  void end_family() override;
  void end() override {}

 private:
  void value(const ExposedPoint& point);
  void summary(const ExposedPoint& point);
  void histogram(const ExposedPoint& point);
  void bucket(double bound, uint64_t count, const ExposedExemplar* exemplar);
  void native(const SparseHistogram& histogram);
  void labels(uint32_t number, LabelSpan labels);
  void exemplar(uint32_t number, const ExposedExemplar& exemplar);
  void timestamp(uint32_t number, uint64_t ns);

  Appender& out_;
  const Escaping escaping_;
  FamilyType type_ = FamilyType::unknown;
  size_t family_start_ = 0;
  std::string text_;
};

}  // namespace vigia::prometheus
