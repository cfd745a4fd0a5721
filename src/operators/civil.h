#pragma once

// Dates of the Gregorian calendar as day numbers.

#include <cstdint>

namespace vigia::operators {

struct Civil {
  int64_t year = 1970;
  int month = 1;  // 1 to 12
  int day = 1;    // 1 to 31
};

constexpr bool is_leap_year(int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

constexpr int days_in_month(int64_t year, int month) {
  constexpr int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap_year(year) ? 29 : days[month - 1];
}

// Days since 1970. Years begin in March here, so that the leap day comes last.
constexpr int64_t days_of(int64_t year, int month, int day) {
  year -= month <= 2;
  int64_t era = (year >= 0 ? year : year - 399) / 400;
  int64_t year_of_era = year - era * 400;
  int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

constexpr Civil civil_of(int64_t days) {
  days += 719468;
  int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  int64_t day_of_era = days - era * 146097;
  int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int64_t shifted_month = (5 * day_of_year + 2) / 153;
  Civil result;
  result.day = static_cast<int>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
  result.month = static_cast<int>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  result.year = year_of_era + era * 400 + (result.month <= 2);
  return result;
}

// 0 is Sunday.
constexpr int weekday_of(int64_t days) { return static_cast<int>(((days + 4) % 7 + 7) % 7); }

// Rounds towards the past, as / does not for negative numbers.
constexpr int64_t floor_divide(int64_t value, int64_t by) { return value / by - (value % by < 0); }

}  // namespace vigia::operators
