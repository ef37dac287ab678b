-- Events on their way to an endpoint each, and when they are due. A table of tasks beside the slices', since another
-- scheduler reads it.

create table webhook_delivery (
  event_id varchar(64) not null,
  endpoint varchar(64) not null,
  event_type varchar(64) not null,
  subject varchar(64) not null,
  created_at bigint not null,
  tries int not null,
  primary key (event_id, endpoint)
);

create table webhook_task (
  task_name varchar(100) not null,
  task_instance varchar(200) not null,
  task_data bytea,
  execution_time timestamp(6) with time zone not null,
  picked boolean not null,
  picked_by varchar(100),
  last_success timestamp(6) with time zone,
  last_failure timestamp(6) with time zone,
  consecutive_failures int,
  last_heartbeat timestamp(6) with time zone,
  version bigint not null,
  priority smallint,
  primary key (task_name, task_instance)
);
create index webhook_task_execution_time on webhook_task (execution_time);
create index webhook_task_last_heartbeat on webhook_task (last_heartbeat);
