#pragma once

#include "pipeline/component.h"

namespace vigia::receivers {

pipeline::ReceiverFactory otlp_receiver();

}  // namespace vigia::receivers
