package io.onnxfleet.gateway.security.chain;

import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.context.annotation.Condition;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.core.type.AnnotatedTypeMetadata;

/** Whether requests need credentials: what is not needed is not built and costs nothing. */
final class AuthenticationNeeded implements Condition {

  private static final String PREFIX = "fleet.gateway.security";

  @Override
  public boolean matches(ConditionContext context, AnnotatedTypeMetadata metadata) {
    Binder binder = Binder.get(context.getEnvironment());
    return !text(binder, "keys").isEmpty()
        || !text(binder, "jwt.issuer").isEmpty()
        || binder.bind(PREFIX + ".certificates", Bindable.of(Boolean.class)).orElse(false);
  }

  private static String text(Binder binder, String key) {
    return binder.bind(PREFIX + "." + key, Bindable.of(String.class)).orElse("");
  }
}
