package io.onnxfleet.gateway.family;

import io.onnxfleet.gateway.admission.ModelAdmission;
import io.onnxfleet.gateway.admission.Outlook;
import io.onnxfleet.gateway.balancing.Prospect;
import io.onnxfleet.gateway.balancing.ReplicaLoadBalancer;
import io.onnxfleet.gateway.balancing.ReplicaLoads;
import io.onnxfleet.gateway.fleet.ModelVariant;

/**
 * How long a variant would take to answer now, as far as this gateway can tell: by the latencies of
 * the last seconds over the requests under way, and by what its replicas have to do. Stateless.
 */
public final class VariantForecasts {

  private final ModelAdmission admission;
  private final ReplicaLoadBalancer balancer;
  private final ReplicaLoads loads;

  VariantForecasts(ModelAdmission admission, ReplicaLoadBalancer balancer, ReplicaLoads loads) {
    this.admission = admission;
    this.balancer = balancer;
    this.loads = loads;
  }

  /** What this request would meet. */
  public VariantForecast of(ModelVariant variant, ModelAdmission.Application application) {
    return of(variant, admission.outlook(variant.model(), application));
  }

  /** What a request of nobody in particular would meet. */
  VariantForecast of(ModelVariant variant) {
    return of(variant, admission.outlook(variant.model()));
  }

  /** What a request takes where it is alone: as it was seen, or else as it is stated. */
  double costNanos(ModelVariant variant) {
    double seen = loads.of(variant.model()).perPlaceNanos();
    return seen > 0 ? seen : (double) variant.costNanos();
  }

  private VariantForecast of(ModelVariant variant, Outlook outlook) {
    Prospect prospect = balancer.prospect(variant.reference());
    if (prospect == null || outlook.isRefused()) {
      return new VariantForecast(variant, false, outlook.nanos(), outlook.ahead());
    }
    long seen = Math.max(outlook.nanos(), prospect.nanos());
    long nanos = seen > 0 ? seen : variant.costNanos() * (prospect.ahead() + 1);
    return new VariantForecast(variant, true, nanos, Math.max(outlook.ahead(), prospect.ahead()));
  }
}
