-- What is done beside slices has a scheduler of its own, whose table this is.
create table maintenance_tasks (
  task_name varchar(100) not null,
  task_instance varchar(100) not null,
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
create index maintenance_tasks_execution_time on maintenance_tasks (execution_time);
create index maintenance_tasks_last_heartbeat on maintenance_tasks (last_heartbeat);
insert into maintenance_tasks select * from scheduled_tasks where task_name in ('validate', 'sweep');
delete from scheduled_tasks where task_name in ('validate', 'sweep');

create index batch_output on batch (output_file_id);
create index batch_error on batch (error_file_id);
